/** The last moment that a calendar of JavaScript has. */
const last = 8_640_000_000_000_000

/** A moment as ISO 8601 writes it. Clients and data name times beyond the calendar; those read as its first or last moment. */
export const isoTime = (ms: number): string => new Date(Math.max(-last, Math.min(last, ms))).toISOString()
