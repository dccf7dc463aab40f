import { Home } from './spa/home.tsx'

export default function Page() {
  return <Home />
}
