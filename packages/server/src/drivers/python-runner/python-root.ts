import { join } from 'node:path'

/** Where the Python side lies: beside the packages. */
export const pythonRoot = join(import.meta.dirname, '../../../../../python')
