/** `cloakroom/client`: all of the browser's side that needs no framework. */
export * from './bff.ts'
export {
  createSessionWatch,
  type SessionState,
  type SessionWatch,
  type SessionWatchOptions,
} from './session-watch.ts'
