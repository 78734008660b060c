import { useContractQuery } from './contract-query.ts'
import { getSession } from './session-routes.ts'

/** Who reads, with his projects. */
export function useSession() {
  return useContractQuery(getSession, {}, { staleTime: 5 * 60_000 })
}

/** Whether the reader has a permission in a project; undefined while that is not known. */
export function usePermission(project: string, permission: string): boolean | undefined {
  const { data } = useSession()
  if (!data) return undefined
  return data.projects.find((one) => one.name === project)?.permissions.includes(permission) ?? false
}
