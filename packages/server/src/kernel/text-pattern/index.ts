/**
 * Regular expressions of the part that means the same on SQLite and on Postgres and cannot be made to run without end: read once, matched by our own linear matcher
 * (SQLite, the browser's completion) or handed to Postgres in its writing.
 */
export { PatternError, parsePattern } from './parse-pattern.ts'
export { patternMatcher } from './pattern-matcher.ts'
export { postgresPattern } from './postgres-pattern.ts'
