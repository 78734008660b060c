/**
 * Regular expressions of the part that means the same on SQLite and on Postgres and cannot be made to run without end: read once, matched by our own linear matcher
 * (SQLite, the browser) or handed to Postgres in its writing.
 */
export { PatternError, parsePattern, patternMatcher } from '@trivium/contract/text-pattern'
export { postgresPattern } from './postgres-pattern.ts'
