import type { Field, ReleasePlan } from '../kernel/models/index.ts'
import { checkValue, type InputValue, show } from './check-value.ts'
import { predictErrors } from './gateway-errors.ts'

/** Values of one request by column: what each protocol decodes to. A column has `count × width` values, row by row. */
export interface RequestRows {
  readonly count: number
  readonly columns: ReadonlyMap<string, ArrayLike<unknown>>
  /** The caller's prediction ids, one a row; without them the gateway makes some. */
  readonly ids?: readonly (string | undefined)[]
  /** One a row, or one for all. */
  readonly eventTimes: readonly number[]
}

/** Checked values in the order of the model's inputs, each `count × width` long, and by field for the record. */
export interface FilledRows {
  readonly count: number
  readonly inputs: InputValue[][]
  readonly fields: ReadonlyMap<Field, InputValue[]>
}

/** Checks every value of a request against the plan. Look-ups fill their places afterwards. */
export function fillRows(plan: ReleasePlan, { count, columns }: RequestRows): FilledRows {
  const inputs = plan.inputs.map(({ width }) => new Array<InputValue>(count * width))
  const fields = new Map<Field, InputValue[]>()
  let used = 0
  for (const field of plan.fields) {
    const column = columns.get(field.name)
    if (column === undefined) throw predictErrors.INVALID(`${field.name} is missing. ${wanted(plan)}`)
    used += 1
    if (column.length !== count * field.width)
      throw predictErrors.INVALID(
        `${field.name} must have ${field.width === 1 ? 'one value' : `${field.width} values`} a row; got ${column.length} values for ${count} ${count === 1 ? 'row' : 'rows'}.`,
      )
    fields.set(field, fillField(plan, field, column, count, inputs))
  }
  if (columns.size > used) {
    const unknown = [...columns.keys()].filter((name) => !plan.fields.some((field) => field.name === name))
    throw predictErrors.INVALID(
      `Unknown ${unknown.length === 1 ? 'field' : 'fields'} ${unknown.slice(0, 5).join(', ')}${unknown.length > 5 ? ', …' : ''}. ${wanted(plan)}`,
    )
  }
  return { count, inputs, fields }
}

function fillField(
  plan: ReleasePlan,
  field: Field,
  column: ArrayLike<unknown>,
  count: number,
  inputs: InputValue[][],
): InputValue[] {
  const values = new Array<InputValue>(column.length)
  const target = field.slot && inputs[field.slot.input]
  const stride = field.slot ? (plan.inputs[field.slot.input]?.width ?? 1) : 1
  let index = 0
  const where = (): string => (count === 1 ? field.name : `Row ${Math.floor(index / field.width)}: ${field.name}`)
  for (; index < column.length; index += 1) {
    const raw = column[index]
    const value = field.slot ? checkValue(field.datatype, raw, where) : keyText(raw, where)
    values[index] = value
    if (target && field.slot)
      target[Math.floor(index / field.width) * stride + field.slot.offset + (index % field.width)] = value
  }
  return values
}

/** A field that only names an entity may be text or a whole number. */
function keyText(raw: unknown, where: () => string): string {
  if (typeof raw === 'string') return raw
  if (typeof raw === 'bigint' || (typeof raw === 'number' && Number.isInteger(raw))) return String(raw)
  throw predictErrors.INVALID(`${where()} must be text or a whole number; got ${show(raw)}.`)
}

const wanted = (plan: ReleasePlan): string =>
  `The deployment takes ${plan.fields.map((field) => field.name).join(', ')}.`
