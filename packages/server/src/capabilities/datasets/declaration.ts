import type { ClassBalance, ColumnAvailability, DatasetOwners, DatasetSlices } from '@trivium/contract'
import type { TableColumn } from '../../kernel/ports/index.ts'
import { datasetErrors } from './errors.ts'

/** What is declared about a dataset beside its description and its checks, as it is stored. */
export interface Declaration {
  readonly owners?: DatasetOwners | null
  readonly slices?: string[]
  readonly label?: string | null
  readonly availability?: Record<string, ColumnAvailability>
  readonly subjectColumn?: string | null
}

/** What is stored with a version beside its profile. */
export interface VersionStatistics {
  readonly balance?: ClassBalance | null
  readonly slices?: DatasetSlices[]
}

export const readDeclaration = (text: string): Declaration => JSON.parse(text) as Declaration

/** Refuses names of columns that the newest version does not have, and times that are none. */
export function requireDeclared(declaration: Declaration, columns: readonly TableColumn[]): void {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const list = [...types.keys()].join(', ')
  const requireColumn = (name: string): TableColumn['type'] => {
    const type = types.get(name)
    if (type === undefined) throw datasetErrors.COLUMN_NOT_FOUND(name, list)
    return type
  }
  for (const name of declaration.slices ?? []) requireColumn(name)
  if (declaration.label !== null && declaration.label !== undefined) requireColumn(declaration.label)
  if (declaration.subjectColumn !== null && declaration.subjectColumn !== undefined)
    requireColumn(declaration.subjectColumn)
  for (const [name, known] of Object.entries(declaration.availability ?? {})) {
    requireColumn(name)
    if (!('at' in known)) continue
    const type = requireColumn(known.at)
    if (type !== 'timestamp' && type !== 'date') throw datasetErrors.NOT_A_TIME(known.at, type)
  }
}
