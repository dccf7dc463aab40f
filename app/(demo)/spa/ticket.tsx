import type { ReactNode } from 'react'
import styles from './ticket.module.css'

/** The shape of a cloakroom ticket: what it says, and the stub that is torn off. */
export function Ticket({ children, stub }: { children: ReactNode; stub: ReactNode }) {
  return (
    <div className={styles.ticket}>
      <div className={styles.face}>{children}</div>
      <div className={styles.stub}>{stub}</div>
    </div>
  )
}
