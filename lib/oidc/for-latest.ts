/** What is made of an object is kept until another one comes: a discovery document is the same object for an hour. */
export function forLatest<In extends object, Out>(make: (input: In) => Out): (input: In) => Out {
  let latest: { readonly of: In; readonly made: Out } | undefined
  return (input) => {
    if (latest?.of !== input) latest = { of: input, made: make(input) }
    return latest.made
  }
}
