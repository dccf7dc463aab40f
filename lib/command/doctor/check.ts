import type { Settings } from '../../config/settings.ts'

/** What a check came to. `fix` where somebody has something to do. Neither ever holds a secret. */
export interface Finding {
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly message: string
  readonly fix?: string
}

export interface Check extends Finding {
  readonly id: string
}

/** One look at one thing. What it throws counts as a failure; so does what takes too long. */
export interface Look {
  readonly id: string
  look(settings: Settings): Promise<Finding>
}

export const ok = (message: string): Finding => ({ status: 'ok', message })
export const warn = (message: string, fix: string): Finding => ({ status: 'warn', message, fix })
export const fail = (message: string, fix: string): Finding => ({ status: 'fail', message, fix })

/** Why a request found nobody, in words: what the system calls it, for those who search for it, behind. */
export function reasonOf(cause: unknown): string {
  const codes: string[] = []
  for (let it: unknown = cause; it instanceof Error && codes.length < 5; it = it.cause) {
    const { code } = it as NodeJS.ErrnoException
    if (typeof code === 'string') codes.push(code)
    if (it.name === 'TimeoutError') return 'no answer within 4 s'
  }
  const code = codes.find((each) => each in reasons) ?? codes[0]
  return code === undefined
    ? 'the request failed'
    : `${reasons[code] ?? 'the request failed'} (${code})`
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is unknown',
  EAI_AGAIN: 'the name cannot be looked up',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'no answer',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is its own authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority that is not known here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}
