import { getModel } from '@trivium/contract'
import type { Action } from '../command.ts'
import { UsageError } from '../fail.ts'

/** `MODEL`, `MODEL/3`, `MODEL@3`, `MODEL@champion` */
export function readReference(text: string): { model: string; version?: number; alias?: string } {
  const version = /^([^/@]+)[/@](\d+)$/.exec(text)
  if (version) return { model: version[1] ?? '', version: Number(version[2]) }
  const alias = /^([^/@]+)@([\w-]+)$/.exec(text)
  if (alias) return { model: alias[1] ?? '', alias: alias[2] ?? '' }
  if (/[/@]/.test(text)) throw new UsageError(`"${text}" names no model. Write MODEL, MODEL/VERSION or MODEL@ALIAS.`)
  return { model: text }
}

/** The version that a reference names; an alias is looked up. */
export async function versionOf(
  { client, project }: Action,
  reference: string,
): Promise<{ project: string; model: string; version: number }> {
  const { model, version, alias } = readReference(reference)
  if (version !== undefined) return { project, model, version }
  if (alias === undefined) throw new UsageError(`Say which version: ${model}/VERSION or ${model}@ALIAS.`)
  const { aliases } = await client.call(getModel, { params: { project, model } })
  const found = aliases.find((one) => one.alias === alias)
  if (!found) throw new UsageError(`${model} has no alias "${alias}".`)
  return { project, model, version: found.version }
}
