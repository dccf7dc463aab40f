/** One thing that is wrong: `${setting} ${problem}: ${fix}.` is a sentence. Never holds a secret's value. */
export interface Problem {
  /** Name as the operator wrote it: `BFF_SECRET`, `remotes.news.target`. */
  readonly setting: string
  readonly problem: string
  readonly fix: string
}

/** Collects what the rules find, so that everything is reported at once. */
export interface Report {
  readonly problems: readonly Problem[]
  /** What the operator should know although the process starts: one sentence each, for the log. */
  readonly notes: readonly string[]
  problem(setting: string, problem: string, fix: string): void
  note(sentence: string): void
}

export function createReport(): Report {
  const problems: Problem[] = []
  const notes: string[] = []
  return {
    problems,
    notes,
    problem: (setting, problem, fix) => {
      problems.push({ setting, problem, fix })
    },
    note: (sentence) => {
      notes.push(sentence)
    },
  }
}

/** Text for the terminal of whoever starts the process. */
export function describeProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'one setting' : `${problems.length} settings`
  const lines = problems.map(({ setting, problem, fix }) => `  - ${setting} ${problem}: ${fix}.`)
  return [`Cloakroom cannot start, ${count} must be put right:`, ...lines, ''].join('\n')
}
