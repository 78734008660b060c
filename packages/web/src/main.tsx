import './ui/styles.css'
import './charts/charts.css'
import './shell/shell.css'
import { MantineProvider } from '@mantine/core'
import { RouterProvider } from '@tanstack/react-router'
import { createClient } from '@trivium/sdk'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { DataProvider } from './data/data-context.tsx'
import { createQueryClient } from './data/query-client.ts'
import { createAppRouter } from './shell/router.tsx'
import { useColorMode } from './ui/color-mode.ts'
import { mantineTheme, mantineVariables } from './ui/mantine-theme.ts'
import { ToastProvider } from './ui/undo-toast.tsx'

const queryClient = createQueryClient()
const client = createClient({ baseUrl: '', onUnauthorised: signIn })
const router = createAppRouter({ client, queryClient })

/** The session is over: to the login page, and back afterwards. */
function signIn(): void {
  const { pathname, search } = router.history.location
  if (pathname === '/login') return
  router.history.replace(`/login?next=${encodeURIComponent(pathname + search)}`)
}

function App() {
  const mode = useColorMode()
  return (
    <MantineProvider theme={mantineTheme} cssVariablesResolver={mantineVariables} forceColorScheme={mode}>
      <DataProvider client={client} queryClient={queryClient}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </DataProvider>
    </MantineProvider>
  )
}

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element with the id "root".')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
