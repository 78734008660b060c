import { getSession, type Permission } from '@trivium/contract'
import { useContractQuery } from './contract-query.ts'

/** Who reads, with his projects. */
export function useSession() {
  return useContractQuery(getSession, {}, { staleTime: 5 * 60_000 })
}

/** Whether the reader has a permission in a project; undefined while that is not known. */
export function usePermission(project: string, permission: Permission): boolean | undefined {
  const { data } = useSession()
  if (!data) return undefined
  return data.projects.find((one) => one.name === project)?.permissions.includes(permission) ?? false
}
