import type { Claim } from 'cloakroom/client'

export function ClaimsTable({ claims }: { claims: readonly Claim[] }) {
  return (
    <table className="facts">
      <caption className="hidden">What the provider said about you</caption>
      <thead className="hidden">
        <tr>
          <th scope="col">Claim</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {claims.map(({ type, value }) => (
          <tr key={`${type} ${JSON.stringify(value)}`}>
            <th scope="row">{type}</th>
            <td>{typeof value === 'string' ? value : JSON.stringify(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
