import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from './fail.ts'
import type { Terminal } from './terminal.ts'

/** Text of a file that the command line names. */
export async function readText({ cwd }: Pick<Terminal, 'cwd'>, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(code === 'ENOENT' ? `There is no file "${path}".` : `"${path}" cannot be read: ${message}`)
  }
}

/** A YAML or JSON file; the server checks what is in it. */
export async function readDocument<T extends object>(terminal: Pick<Terminal, 'cwd'>, path: string): Promise<T> {
  const text = await readText(terminal, path)
  const yaml = await import('yaml')
  let value: unknown
  try {
    value = yaml.parse(text)
  } catch (error) {
    throw new UsageError(`"${path}" is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`"${path}" must hold a map of names and values.`)
  return value as T
}

/** A file of JSON lines. */
export async function readLines<T>(terminal: Pick<Terminal, 'cwd'>, path: string): Promise<T[]> {
  const lines = (await readText(terminal, path)).split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as T]
    } catch {
      throw new UsageError(`Line ${index + 1} of "${path}" is no JSON.`)
    }
  })
}
