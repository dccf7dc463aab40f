/** Where a command was called from, and where it speaks. */
export interface Terminal {
  /** The current folder. */
  readonly cwd: string
  /** One line on stdout: what was asked for. */
  out(line: string): void
  /** One line on stderr: everything else. */
  err(line: string): void
}

/** Answers the exit status: 0, 1 when it could not be done, 2 when it was asked for wrongly. */
export type Command = (args: readonly string[], terminal: Terminal) => Promise<number>

/** What whoever typed it has to change: one sentence, and no stack. */
export class UsageError extends Error {
  /** 1: what was asked for cannot be done. */
  readonly status: 1 | 2
  constructor(sentence: string, status: 1 | 2 = 2) {
    super(sentence)
    this.status = status
  }
}
