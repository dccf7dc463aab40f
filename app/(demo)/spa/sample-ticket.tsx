import styles from './sample-ticket.module.css'
import { Ticket } from './ticket.tsx'

const marks = [
  ['HttpOnly', 'no script reads it'],
  ['Secure', 'never sent in clear'],
  ['SameSite=Strict', 'other sites cannot use it'],
]

/** What the browser will be given, for looking at. */
export function SampleTicket() {
  return (
    <Ticket
      stub={
        <p className={styles.stub}>
          That is all
          <br />
          the browser gets.
        </p>
      }
    >
      <p className={styles.name}>
        <code>__Host-Http-bff</code>
      </p>
      <dl className={styles.marks}>
        {marks.map(([mark, meaning]) => (
          <div key={mark}>
            <dt>{mark}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Ticket>
  )
}
