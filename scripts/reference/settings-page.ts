import { homedir } from 'node:os'
import { configSchema } from '../../packages/server/src/kernel/config/index.ts'
import { generatedNotice, markdownTable } from './markdown.ts'

interface SettingSchema {
  type?: string
  anyOf?: { const: string }[]
  default: unknown
  description?: string
  minimum?: number
  maximum?: number
}

/** The reference of the server's settings. */
export function settingsPage(): string {
  const rows = Object.entries(configSchema.properties as unknown as Record<string, SettingSchema>).map(
    ([key, schema]) => [
      `\`${key}\``,
      // A secret on a command line is seen by everybody on the machine.
      key === 'adminToken' ? '' : `\`--${dashed(key)}\``,
      `\`TRIVIUM_${dashed(key).replaceAll('-', '_').toUpperCase()}\``,
      kindOf(schema),
      defaultOf(schema),
      schema.description ?? '',
    ],
  )
  return `${generatedNotice}

# Settings

Defaults are overruled by a YAML or JSON file (\`--config FILE\` or \`TRIVIUM_CONFIG\`), that by the environment, that by flags. A variable with \`_FILE\` at its end names a file that
holds the value, for secrets. An unknown setting is an error that names the nearest one.

${markdownTable(['in a file', 'flag', 'environment', 'kind', 'default', 'meaning'], rows)}
`
}

function dashed(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function kindOf(schema: SettingSchema): string {
  if (schema.anyOf) return schema.anyOf.map((option) => `\`${option.const}\``).join(', ')
  if (schema.minimum === undefined) return schema.type ?? ''
  return `${schema.type}, ${schema.minimum} to ${schema.maximum ?? '∞'}`
}

function defaultOf({ default: value }: SettingSchema): string {
  if (value === '') return ''
  return `\`${String(value).replace(homedir(), '~')}\``
}
