/**
 * Of every 503 and 429 of ours (RFC 9110 section 10.2.3), in seconds: longer than the three for which a provider that
 * failed is left alone, so that whoever comes again then meets another try, and not the old answer.
 */
export const retryAfter = { 'retry-after': '4' } as const
