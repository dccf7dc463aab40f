// As such pages were written for Duende.BFF: claims in a list, the header, the frame and its message.
const silent = document.currentScript.dataset.silent
const headers = { 'x-csrf': '1', 'content-type': 'application/json' }
const at = (selector) => document.querySelector(selector)

async function start() {
  const answer = await fetch('/bff/user', { headers })
  if (answer.ok) return show(await answer.json())
  at('#who').textContent = (await signInSilently()) ? 'known' : 'nobody'
  if (at('#who').textContent === 'known') window.location.reload()
}

function signInSilently() {
  return new Promise((resolve) => {
    window.addEventListener('message', ({ data, origin }) => {
      if (origin !== window.location.origin || data.source !== 'bff-silent-login') return
      resolve(data.isLoggedIn)
    })
    at('iframe').src = silent
  })
}

async function show(claims) {
  const claim = (type) => claims.find((each) => each.type === type)?.value
  at('#who').textContent = `Hello ${claim('name') ?? claim('sub')}`
  at('#in').hidden = true
  at('#out').hidden = false
  at('#out').href = claim('bff:logout_url')
  await list()
}

async function list() {
  const todos = await (await fetch('/todos', { headers })).json()
  at('ul').replaceChildren(
    ...todos.map(({ id, title }) => {
      const item = document.createElement('li')
      const button = document.createElement('button')
      button.textContent = 'Delete'
      button.onclick = () => fetch(`/todos/${id}`, { method: 'DELETE', headers }).then(list)
      item.append(title, ' ', button)
      return item
    }),
  )
}

at('#add').onsubmit = async (event) => {
  event.preventDefault()
  const body = JSON.stringify({ title: new FormData(event.target).get('title') })
  await fetch('/todos', { method: 'POST', headers, body })
  await list()
}

start()
