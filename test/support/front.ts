import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A real balancer in front of Cloakrooms, set up as docs/front-proxies.md says. */
export interface Front {
  close(): Promise<void>
}

export interface FrontOptions {
  readonly port: number
  /** Ports of the Cloakrooms on loopback. */
  readonly behind: readonly number[]
}

export function startNginx({ port, behind }: FrontOptions): Promise<Front> {
  const servers = behind.map((it) => `server 127.0.0.1:${it} max_fails=0;`).join(' ')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return start('nginx', port, (directory) => ({
    args: ['-p', directory, '-c', join(directory, 'front.conf'), '-e', 'stderr'],
    config: `
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream cloakroom { ${servers} keepalive 32; keepalive_timeout 60s; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    large_client_header_buffers 4 32k;
    location / {
      proxy_pass http://cloakroom;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 8 16k;
      proxy_next_upstream error timeout http_503;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}`,
  }))
}

/** With `option httpchk` and nothing behind it: HAProxy's default check. */
export function startHaproxy({ port, behind, stats }: FrontOptions & { readonly stats: number }) {
  const servers = behind.map((it, i) => `  server s${i} 127.0.0.1:${it}`).join('\n')
  return start('haproxy', port, (directory) => ({
    args: ['-db', '-f', join(directory, 'front.conf')],
    config: `
global
  tune.bufsize 32768
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  timeout http-request 20s
  option abortonclose
  option redispatch
  retries 3
  retry-on conn-failure empty-response 503
frontend app
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-For %[src]
  http-request disable-l7-retry unless METH_GET
  default_backend cloakroom
backend cloakroom
  option httpchk
  default-server check inter 200ms fall 1 rise 1
${servers}
listen stats
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /
`,
  }))
}

async function start(
  program: string,
  port: number,
  prepare: (directory: string) => { args: string[]; config: string },
): Promise<Front> {
  const directory = mkdtempSync(join(tmpdir(), `cloakroom-${program}-`))
  const { args, config } = prepare(directory)
  writeFileSync(join(directory, 'front.conf'), config)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-10_000)
    })
  }
  // A test process that dies must not leave a server behind.
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const closed = once(child, 'close')
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`${program} did not start:\n${said}`)
    await sleep(20)
  }
  return {
    async close() {
      child.kill('SIGTERM')
      await closed
      process.removeListener('exit', killAtExit)
      rmSync(directory, { recursive: true })
    },
  }
}

function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}
