// An API that stands behind a gateway believes what the gateway says. None of it comes from a browser.
const believed = [
  // How the request came, and from where.
  '^(?:proxy|x-original|x-remote|x-arr|x-host|x-envoy|x-istio|x-nginx)-',
  '^x-forward(?:ed)?(?:-|$)',
  '^forwarded-for$',
  '^x-(?:real-(?:ip|host|port)|original-?url|originating-ip|proxyuser-ip|host|scheme|proto|url-scheme)$',
  '^(?:front-end-https|x-http-host-override|x-rewrite-path|x-script-name)$',
  '(?:^|-)(?:client|source|peer|connecting|socket|viewer)-?(?:ip|addr|address)$',
  '(?:^|-)remote-(?:addr|host|port)$',
  // Who it is that asks, as a gateway found out.
  'remote-user$',
  '(?:^|-)(?:remote|auth|authenticated|forwarded)-(?:user|groups?|email|name|userid)$',
  '^(?:remote|impersonate|oidc-claim|oidc|tailscale|x-tailscale)-',
  '^x-(?:webauth|auth-request|authenticated|authentik|authelia|pomerium|vouch|hasura)-',
  '^x-auth-(?:username|subject|roles|audience|expiresin)$',
  // But `X-Access-Token` and `X-Auth-Token`, which an API has to verify, and apps send too.
  '^x-(?:userinfo|id-token)$',
  '^x-(?:consumer|credential|anonymous-consumer|kong|apisix|token-claim|openid|spiffe)(?:-|$)',
  '^x-jwt-(?:assertion|payload|claims?)(?:-|$)',
  '^(?:iv|sm|shib|l5d)-',
  '^(?:smuser|eppn|affiliation|unscoped-affiliation)$',
  '^x-(?:ms-client|ms-token|goog-authenticated|goog-iap|apigateway-api|endpoint-api)-',
  '^x-(?:amzn-(?:oidc|mtls|request-context|lambda-context)|serverless-authorization)(?:-|$)',
  '^cf-(?:access|connecting|client|ip|tls|worker)',
  // Its certificate (RFC 9440, and before it).
  '(?:^|-)(?:client|peer)-?(?:cert|certificate|dn|verify|s-dn|i-dn|subject|issuer|fingerprint)(?:-|$)',
  '^(?:x-)?ssl-',
  // The edge of a platform.
  '^(?:cloudfront|fastly|fly|akamai|x-akamai|x-azure|x-appengine|x-nf|x-waws|x-iisnode)-',
  // What commands the server, or the framework, behind.
  '^x-(?:accel|sendfile|middleware|nextjs|invoke|matched-path)(?:-|$)',
  // But what a chat says of itself.
  '^x-vercel-(?!ai-)',
]

const family = new RegExp(believed.join('|'))

/** Whether an API would take a header, by its lower-case name, for the word of the gateway before it (P32). */
export function isGatewayHeader(name: string): boolean {
  return family.test(name)
}
