import assert from 'node:assert/strict'
import type { ClientSettings } from '#lib/config/client.ts'
import type { Hooks } from '#lib/config/hooks.ts'
import { createTokenParameters } from '#lib/config/token-parameters.ts'
import { createNonceMemory } from '#lib/oidc/nonce-memory.ts'
import { createCipher } from '#lib/session/cipher.ts'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { createDpopSigners } from '#lib/tokens/dpop.ts'
import { createMachineToken } from '#lib/tokens/machine-token.ts'
import { createCheckAudience } from '#lib/tokens/named-audience.ts'
import type { TokenResult } from '#lib/tokens/token-result.ts'
import { providerUnderTest } from './provider-under-test.ts'
import type { ScriptedProvider } from './scripted-provider.ts'
import { settingsOf } from './settings-of.ts'

const { catalog: defaults } = settingsOf({ clients: { catalog: {} } }).clients

const cipher = createCipher(['a-secret-of-the-tests-0123456789abcdef'], 'machine-token')

export interface InstanceOptions {
  clients?: Record<string, Partial<ClientSettings>>
  store?: KeyValue
  now?: () => number
  hooks?: Hooks
}

/** Machine tokens against a scripted provider. */
export function machineTokenUnderTest(peer: ScriptedProvider) {
  const requests = () => peer.tokenRequests('client_credentials')
  assert.ok(defaults)
  return {
    requests,
    /** One process: its own memory, perhaps a store that it shares. */
    instance(options: InstanceOptions = {}) {
      const { provider, oidc, log } = providerUnderTest(peer)
      const named = { catalog: { scope: 'catalog inventory' }, ...options.clients }
      const clients = Object.fromEntries(
        Object.entries(named).map(([name, more]): [string, ClientSettings] => [
          name,
          { ...defaults, name, clientId: peer.clientId, auth: oidc.auth, ...more },
        ]),
      )
      const store = options.store ?? createMemoryStore()
      const clientToken = createMachineToken({
        clients,
        oidc,
        provider,
        parameters: createTokenParameters(options.hooks ?? {}),
        store,
        cipher,
        signer: createDpopSigners({ nonces: createNonceMemory() }),
        checkAudience: createCheckAudience({ log, remotes: {} }),
        log,
        now: options.now ?? Date.now,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      })
      return { clientToken, store, log, get: async (name = 'catalog') => clientToken(name, {}) }
    },
    /** How many token requests `work` causes. */
    async counting<T>(work: () => Promise<T>) {
      const before = requests().length
      return { result: await work(), count: requests().length - before }
    },
  }
}

export function tokenOf(result: TokenResult): string {
  assert.ok(result.kind === 'bearer' || result.kind === 'dpop', JSON.stringify(result))
  return result.token
}
