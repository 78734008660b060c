import { mlflowErrors, typeHint } from './errors.ts'

export type Loose = Record<string, unknown>

/** The fields of a request, from path, query and body, read leniently as protobuf's JSON is: numbers and booleans may be text, unknown fields are ignored. */
export class Args {
  readonly #fields: Loose
  readonly #path: string

  constructor(fields: Loose, path = '') {
    this.#fields = fields
    this.#path = path
  }

  raw(name: string): unknown {
    return this.#fields[name] ?? undefined
  }

  nameOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  text(name: string): string | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw this.invalid(name, value)
    if (value.includes('\u0000'))
      throw mlflowErrors.INVALID_VALUE(this.nameOf(name), value, 'It holds a NUL character.')
    return value
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined || value === '') throw mlflowErrors.MISSING(this.nameOf(name))
    return value
  }

  /** Present, but maybe empty. */
  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw mlflowErrors.MISSING(this.nameOf(name))
    return value
  }

  /** A decimal id, which some callers send as a number. */
  id(name: string): string {
    const value = this.raw(name)
    return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : this.required(name)
  }

  integer(name: string): number | undefined {
    const value = this.raw(name)
    if (value === undefined || value === '') return undefined
    const number = typeof value === 'string' && /^[+-]?\d+$/.test(value.trim()) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw this.invalid(name, value)
    return number
  }

  flag(name: string): boolean | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (typeof value === 'boolean') return value
    const word = typeof value === 'string' ? value.toLowerCase() : ''
    if (word !== 'true' && word !== 'false') throw this.invalid(name, value)
    return word === 'true'
  }

  /** A repeated text field; one value without a list is a list of one. */
  texts(name: string): string[] {
    const value = this.raw(name)
    if (value === undefined) return []
    return (Array.isArray(value) ? value : [value]).map((entry, i) => {
      if (typeof entry === 'number') return String(entry)
      if (typeof entry !== 'string' || entry.includes('\u0000')) throw this.invalid(`${name}[${i}]`, entry)
      return entry
    })
  }

  /** A repeated message field. */
  list(name: string): Args[] {
    const value = this.raw(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.invalid(name, value)
    return value.map((entry, i) => {
      if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
        throw this.invalid(`${name}[${i}]`, entry)
      return new Args(entry as Loose, `${this.nameOf(name)}[${i}]`)
    })
  }

  object(name: string): Args | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || Array.isArray(value)) throw this.invalid(name, value)
    return new Args(value as Loose, this.nameOf(name))
  }

  invalid(name: string, value: unknown): Error {
    return mlflowErrors.INVALID_VALUE(this.nameOf(name), value, typeHint(value))
  }
}
