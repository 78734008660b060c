import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  DuckDBUnionValue,
  DuckDBVariantValue,
} from '@duckdb/node-api'

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** A number when it is exact, else decimal text. */
export function plainInteger(value: bigint): number | string {
  return value <= maxSafe && value >= -maxSafe ? Number(value) : value.toString()
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

function millisOf(value: { isFinite: boolean }, units: bigint, unitsPerMilli: bigint): number {
  if (!value.isFinite) return units > 0n ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  return Number(floorDivide(units, unitsPerMilli))
}

function plainDate(value: DuckDBDateValue): string {
  if (!value.isFinite) return value.days > 0 ? 'infinity' : '-infinity'
  const date = new Date(value.days * 86_400_000)
  return Number.isNaN(date.getTime()) ? value.toString() : (date.toISOString().split('T')[0] as string)
}

function plainJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Any value of DuckDB as a plain one (see `TableResult`). */
export function plainValue(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  if (typeof value === 'bigint') return plainInteger(value)
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return millisOf(value, value.micros, 1000n)
  }
  if (value instanceof DuckDBTimestampMillisecondsValue) return millisOf(value, value.millis, 1n)
  if (value instanceof DuckDBTimestampSecondsValue)
    return value.isFinite ? Number(value.seconds) * 1000 : millisOf(value, value.seconds, 1n)
  if (value instanceof DuckDBTimestampNanosecondsValue) return millisOf(value, value.nanos, 1_000_000n)
  if (value instanceof DuckDBDateValue) return plainDate(value)
  if (value instanceof DuckDBDecimalValue) return Number(value.toString())
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainValue)
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, plainValue(entry)]))
  }
  if (value instanceof DuckDBMapValue) return plainMap(value)
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64')
  if (value instanceof DuckDBUnionValue || value instanceof DuckDBVariantValue) return plainValue(value.value)
  return value.toString()
}

/** A map with text keys is an object, any other a list of `{key, value}`. */
function plainMap(map: DuckDBMapValue): unknown {
  const entries = map.entries.map(({ key, value }) => ({ key: plainValue(key), value: plainValue(value) }))
  return entries.every(({ key }) => typeof key === 'string')
    ? Object.fromEntries(entries.map(({ key, value }) => [key, value]))
    : entries
}

/** How the values of a column of this type become plain. */
export function plainReader(type: DuckDBType): (value: DuckDBValue) => unknown {
  if (type.alias === 'JSON') return (value) => (typeof value === 'string' ? plainJson(value) : plainValue(value))
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.TINYINT:
      return (value) => value
    case DuckDBTypeId.BIGINT:
      return (value) => (value === null ? null : plainInteger(value as bigint))
    default:
      return plainValue
  }
}
