import { Type } from 'typebox'
import { type Permission, permissions } from './permissions.ts'

/** The name of a permission. */
export const PermissionName = Type.Unsafe<Permission>(Type.String({ enum: [...permissions] }))
