/** One small wrong change of a file that holds a promise, and the test that has to notice it. */
export interface Mutant {
  /** The promise of docs/conformance.md that it breaks, for example `P18`. */
  readonly row: string
  /** A file that the row is held by. */
  readonly file: string
  /** Text that stands in the file exactly once. */
  readonly from: string
  readonly to: string
  /** The file and the title of a test that shows the row: it fails with the change. */
  readonly test: string
  readonly title: string
}
