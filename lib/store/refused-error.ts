/** A store that will not have us until somebody changes a setting. */
export class StoreRefusedError extends Error {
  readonly setting: string
  readonly problem: string
  readonly fix: string
  constructor(refusal: { setting: string; problem: string; fix: string }, cause: unknown) {
    super(`${refusal.setting} ${refusal.problem}`, { cause })
    this.name = 'StoreRefusedError'
    this.setting = refusal.setting
    this.problem = refusal.problem
    this.fix = refusal.fix
  }
}
