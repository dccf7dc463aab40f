const ask = (path) => fetch(path, { headers: { 'X-CSRF': '1' } })
const show = (id) => document.getElementById(id)

const user = await ask('/bff/user')
if (user.ok) {
  const claims = Object.fromEntries((await user.json()).map(({ type, value }) => [type, value]))
  show('user').textContent = `Hello ${claims.name ?? claims.sub}`
  show('login').hidden = true
  show('logout').hidden = false
  show('logout').href = claims['bff:logout_url']
  show('orders').textContent = await (await ask('/orders')).text()
} else {
  show('user').textContent = 'You are not signed in.'
}
