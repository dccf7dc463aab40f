import { BlockList, isIP } from 'node:net'

/** Where a proxy is passed by. */
export interface NoProxy {
  includes(hostname: string, port: string): boolean
}

interface Entry {
  readonly host: string
  readonly port: string | undefined
}

/**
 * Reads `NO_PROXY` as curl does: names separated by commas or spaces, each with all that is below it, a leading
 * `.` or `*.` meaning the same; `*` is everything; addresses and CIDRs; a port narrows a name to it.
 */
export function parseNoProxy(text: string): NoProxy {
  const names: Entry[] = []
  const addresses = new BlockList()
  for (const word of text.toLowerCase().split(/[\s,]+/)) {
    const [address = '', bits, ...rest] = word.replace(/^\[(.*)\]$/, '$1').split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0) {
      const [, host, port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(word) ?? []
      if (host) names.push({ host: host.replace(/^\*?\./, ''), port })
    } else if (bits === undefined) addresses.addAddress(address, family)
    else if (rest.length === 0 && isPrefix(bits, family)) {
      addresses.addSubnet(address, Number(bits), family)
    }
  }

  return {
    includes(hostname, port) {
      const host = hostname.toLowerCase().replace(/^\[(.*)\]$|\.$/, '$1')
      const version = isIP(host)
      if (version !== 0 && addresses.check(host, version === 6 ? 'ipv6' : 'ipv4')) return true
      return names.some(
        (name) =>
          (name.port === undefined || name.port === port) &&
          (name.host === '*' || host === name.host || host.endsWith(`.${name.host}`)),
      )
    },
  }
}

function isPrefix(bits: string, family: 'ipv4' | 'ipv6'): boolean {
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 'ipv6' ? 128 : 32)
}
