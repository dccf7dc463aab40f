import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../test/support/free-port.ts'
import { itemsJson } from './items.ts'
import { keep, type Running } from './processes.ts'

/**
 * nginx as the API: one process of it gives several times what one proxy asks for, so the API is not what
 * is measured. It must be installed.
 */
export async function startNginx(): Promise<Running> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-nginx-'))
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration(port, directory))
  const child = keep(spawn('nginx', ['-p', directory, '-c', file], { stdio: 'ignore' }))
  for (let tries = 0; tries < 100 && !(await isOpen(port)); tries += 1) await sleep(50)
  return { process: child, port }
}

/** Keeps processes off each other's core, where there are two and the system has `taskset`. */
export function pin(core: 0 | 1, pid: number | undefined): void {
  if (availableParallelism() < 2 || pid === undefined) return
  execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' })
}

function configuration(port: number, directory: string): string {
  return `
    daemon off;
    master_process off;
    pid ${directory}/nginx.pid;
    error_log /dev/null;
    events { worker_connections 1024; }
    http {
      access_log off;
      keepalive_requests 1000000000;
      client_body_temp_path ${directory};
      proxy_temp_path ${directory};
      fastcgi_temp_path ${directory};
      uwsgi_temp_path ${directory};
      scgi_temp_path ${directory};
      server {
        listen 127.0.0.1:${port};
        location / {
          default_type 'application/json; charset=utf-8';
          add_header ETag 'W/"1f4-abc"';
          add_header Cache-Control no-cache;
          return 200 '${itemsJson()}';
        }
      }
    }`
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
