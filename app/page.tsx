import { Home } from './demo-spa/home.tsx'

export default function Page() {
  return <Home />
}
