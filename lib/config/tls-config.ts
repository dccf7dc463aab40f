export interface TlsConfig {
  /** Required. File with the certificate in PEM, then those between it and its authority, if there are any. */
  certFile: string
  /** Required. File with the private key in PEM, without a password. */
  keyFile: string
}
