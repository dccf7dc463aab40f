import { index, route } from '@react-router/dev/routes'

export default [
  index('routes/home.jsx'),
  route('bff/*', 'routes/cloakroom.js', { id: 'endpoints' }),
  route('api/remote/*', 'routes/cloakroom.js', { id: 'remotes' }),
  route('todos', 'routes/todos.js'),
]
