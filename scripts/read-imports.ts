import { readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { parseSync } from 'oxc-parser'
import type { Import } from './boundary-rules.ts'

const ownPackages: Readonly<Record<string, string>> = {
  '@trivium/contract': 'contract',
  '@trivium/sdk': 'sdk',
  '@trivium/server': 'server',
  '@trivium/web': 'web',
  '@trivium/testing': 'testing',
  trivium: 'cli',
}

/** Every import of a source file: static, re-exported, dynamic with a fixed name, and in types. */
export function readImports(root: string, file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8')
  const { module, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const found: Import[] = []
  const add = (specifier: string, kind: Import['kind']) =>
    found.push({ from: file, to: resolveSpecifier(file, specifier), kind })
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType) ? 'type' : 'static')
  }
  for (const { entries } of module.staticExports) {
    for (const entry of entries) {
      if (entry.moduleRequest) add(entry.moduleRequest.value, entry.isType ? 'type' : 'static')
    }
  }
  for (const [, specifier = ''] of source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)) add(specifier, 'dynamic')
  return found
}

function resolveSpecifier(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return normalize(join(dirname(file), specifier)).replaceAll('\\', '/')
  const own = Object.keys(ownPackages).find((name) => specifier === name || specifier.startsWith(`${name}/`))
  if (!own) return specifier
  const entry = relative(own, specifier) || 'index'
  return `packages/${ownPackages[own]}/src/${entry}.ts`
}
