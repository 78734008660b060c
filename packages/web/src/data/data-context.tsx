import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { Client } from '@trivium/sdk'
import { createContext, type ReactNode, useContext, useMemo } from 'react'
import type { Live } from './live.ts'

interface DataAccess {
  readonly client: Client
  /** The live connection of the project in the URL. */
  readonly live: Live | undefined
}

const DataContext = createContext<DataAccess | undefined>(undefined)

interface DataProviderProps {
  readonly client: Client
  readonly queryClient: QueryClient
  readonly live?: Live | undefined
  readonly children: ReactNode
}

/** Hands the client and the live connection to the hooks below. */
export function DataProvider({ client, queryClient, live, children }: DataProviderProps) {
  const value = useMemo(() => ({ client, live }), [client, live])
  return (
    <QueryClientProvider client={queryClient}>
      <DataContext value={value}>{children}</DataContext>
    </QueryClientProvider>
  )
}

function useDataAccess(): DataAccess {
  const access = useContext(DataContext)
  if (!access) throw new Error('Data hooks need a DataProvider above them.')
  return access
}

/** The typed client, for calls that are neither queries nor mutations (downloads, tails). */
export function useClient(): Client {
  return useDataAccess().client
}

/** The live connection of this project; undefined outside projects. */
export function useLive(): Live | undefined {
  return useDataAccess().live
}
