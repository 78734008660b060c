import { useRouter, useRouterState } from '@tanstack/react-router'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useEffectEvent, useRef, useState } from 'react'
import { useContractMutation } from '../data/contract-mutation.ts'
import { exchangeLogin } from '@trivium/contract'
import { Button } from '../ui/button.tsx'
import { CommandBox } from '../ui/code-example.tsx'
import { TextField } from '../ui/field.tsx'
import { StateGlyph } from '../ui/state.tsx'
import { parseSearch } from './search-state.ts'
import { Sign } from './project-switcher.tsx'

/** Where to go after signing in; only inside this site. */
function safeNext(search: string): string {
  const next = parseSearch(search)['next'] ?? '/'
  return next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/login') ? next : '/'
}

/** Exchanges the one-time token in the fragment for a session; without one says where to get it. */
export function LoginPage() {
  const router = useRouter()
  const queryClient = useQueryClient()
  const [pasted, setPasted] = useState('')
  const exchanged = useRef<string>(undefined)
  const login = useContractMutation(exchangeLogin, {
    onDone: () => {
      queryClient.clear()
      router.history.replace(safeNext(location.search))
    },
  })
  const exchange = useEffectEvent((token: string) => login.mutate({ body: { token } }))
  // also a link that is opened in a tab which already shows this page
  const hash = useRouterState({ select: (state) => state.location.hash })
  useEffect(() => {
    document.title = 'Sign in · Trivium'
    const token = new URLSearchParams(hash).get('token')
    if (!token || exchanged.current === token) return
    exchanged.current = token
    // the token leaves the address bar and the history before it is used
    history.replaceState(history.state, '', location.pathname + location.search)
    exchange(token)
  }, [hash])
  function submit(event: FormEvent) {
    event.preventDefault()
    const token = /token=([^&\s]+)/.exec(pasted)?.[1] ?? pasted.trim()
    if (token !== '') login.mutate({ body: { token: decodeURIComponent(token) } })
  }
  return (
    <main className="alone">
      <div className="alone-body">
        <Sign size={28} />
        {login.isPending ? (
          <>
            <h1>Signing in</h1>
            <p role="status" className="st st-run">
              <StateGlyph kind="run" label={false} /> Exchanging the link for a session.
            </p>
          </>
        ) : (
          <>
            <h1>{login.error ? 'This link does not work any more' : 'Sign in with a link'}</h1>
            {login.error ? (
              <p role="alert">{login.error.detail} A link is good for five minutes and for one use. Make a new one:</p>
            ) : (
              <p>The server prints a login link when it starts. On its machine, this opens a new one in the browser:</p>
            )}
            <CommandBox command="npx trivium open" />
            <form onSubmit={submit} className="mt-24">
              <TextField
                label="Or paste the link"
                mono
                value={pasted}
                onChange={(event) => setPasted(event.target.value)}
                placeholder="http://…/login#token=…"
              />
              <div className="row mt-12">
                <Button type="submit" look="primary" denied={pasted.trim() === '' ? 'Paste a link first.' : undefined}>
                  Sign in
                </Button>
              </div>
            </form>
            <p className="sm mt-24">
              Somebody else runs the server? An administrator makes links for others under Settings.
            </p>
          </>
        )}
      </div>
    </main>
  )
}
