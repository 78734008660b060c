/** Regular expressions of the part that means the same everywhere and cannot be made to run without end: read once, matched in linear time. */
export { PatternError, type PatternNode, parsePattern } from './parse-pattern.ts'
export { patternMatcher } from './pattern-matcher.ts'
