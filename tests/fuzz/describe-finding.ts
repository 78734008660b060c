import type { Finding } from './run-fuzz.ts'

/** All that is needed to send the request again: what was wrong, method, path, headers and body, and how the fuzzer made it. */
export function describeFinding({ route, why, seed, number, request }: Finding): string {
  const { method, url, headers, payload } = request
  return [
    route,
    why,
    `${method} ${url}`,
    `headers ${JSON.stringify(headers)}`,
    ...(payload === undefined ? ['no body'] : [`body ${payload}`]),
    `seed ${seed}, request ${number}`,
  ].join('\n  ')
}
