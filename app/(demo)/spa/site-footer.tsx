export function SiteFooter() {
  return (
    <footer>
      <p>
        The demo of Cloakroom, a Backend-for-Frontend. Its page is <code>app/(demo)</code>, the
        library that it calls is <code>client</code>.
      </p>
    </footer>
  )
}
