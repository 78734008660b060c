import type { DuckDBPreparedStatement } from '@duckdb/node-api'
import type { TableParam } from '../../kernel/ports/table-engine.ts'
import { callError } from './call-error.ts'

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

/** Binds the values of `$1`, `$2`, … (or of each `?` in turn). */
export function bindParams(prepared: DuckDBPreparedStatement, params: readonly TableParam[]): void {
  for (let index = 1; index <= prepared.parameterCount; index++) {
    const name = prepared.parameterName(index)
    const value = params[Number(name) - 1]
    if (value === undefined)
      throw callError('QUERY_FAILED', `the parameter $${name} has no value; ${params.length} were given`)
    bindParam(prepared, index, value)
  }
}

function bindParam(prepared: DuckDBPreparedStatement, index: number, value: TableParam): void {
  if (value === null) prepared.bindNull(index)
  else if (typeof value === 'string') prepared.bindVarchar(index, value)
  else if (typeof value === 'boolean') prepared.bindBoolean(index, value)
  else if (typeof value === 'number' && !Number.isSafeInteger(value)) prepared.bindDouble(index, value)
  else bindInteger(prepared, index, BigInt(value))
}

function bindInteger(prepared: DuckDBPreparedStatement, index: number, value: bigint): void {
  if (value >= int64.min && value <= int64.max) prepared.bindBigInt(index, value)
  else prepared.bindHugeInt(index, value)
}
