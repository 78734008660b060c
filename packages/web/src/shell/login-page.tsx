import { useQueryClient } from '@tanstack/react-query'
import { useRouter, useRouterState } from '@tanstack/react-router'
import { exchangeLogin, getSignIn } from '@trivium/contract'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { InvitationView } from '../capabilities/access/invitation-view.tsx'
import { LinkForm } from '../capabilities/access/link-form.tsx'
import { PasswordForm } from '../capabilities/access/password-form.tsx'
import { ProviderButton } from '../capabilities/access/provider-button.tsx'
import { signInProblem } from '../capabilities/access/sign-in-problems.ts'
import { useContractMutation } from '../data/contract-mutation.ts'
import { useContractQuery } from '../data/contract-query.ts'
import { StateGlyph } from '../ui/state.tsx'
import { Sign } from './project-switcher.tsx'
import { parseSearch } from './search-state.ts'

/** Where to go after signing in; only inside this site. */
function safeNext(search: string): string {
  const next = parseSearch(search)['next'] ?? '/'
  return next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/login') ? next : '/'
}

/** The ways in: what a link or an invitation in the fragment opens, else what the server offers. */
export function LoginPage() {
  const router = useRouter()
  const queryClient = useQueryClient()
  const exchanged = useRef<string>(undefined)
  const [invitation, setInvitation] = useState<string>()
  const done = () => {
    queryClient.clear()
    router.history.replace(safeNext(location.search))
  }
  const login = useContractMutation(exchangeLogin, { onDone: done })
  const open = useEffectEvent((token: string | null, invited: string | null) => {
    if (invited !== null) setInvitation(invited)
    else if (token !== null) login.mutate({ body: { token } })
  })
  // also a link that is opened in a tab which already shows this page
  const hash = useRouterState({ select: (state) => state.location.hash })
  useEffect(() => {
    document.title = 'Sign in · Trivium'
    const fragment = new URLSearchParams(hash)
    const [token, invited] = [fragment.get('token'), fragment.get('invitation')]
    const secret = token ?? invited
    if (!secret || exchanged.current === secret) return
    exchanged.current = secret
    // the secret leaves the address bar and the history before it is used
    history.replaceState(history.state, '', location.pathname + location.search)
    open(token, invited)
  }, [hash])
  return (
    <main className="alone">
      <div className="alone-body">
        <Sign size={28} />
        {invitation !== undefined ? (
          <InvitationView token={invitation} onDone={done} />
        ) : login.isPending ? (
          <>
            <h1>Signing in</h1>
            <p role="status" className="st st-run">
              <StateGlyph kind="run" label={false} /> Exchanging the link for a session.
            </p>
          </>
        ) : (
          <WaysIn failure={login.error?.detail} onToken={(token) => login.mutate({ body: { token } })} onDone={done} />
        )}
      </div>
    </main>
  )
}

interface WaysInProps {
  /** Why a link did not work. */
  readonly failure: string | undefined
  readonly onToken: (token: string) => void
  readonly onDone: () => void
}

function WaysIn({ failure, onToken, onDone }: WaysInProps) {
  const methods = useContractQuery(getSignIn, {})
  const { provider, passwords } = methods.data ?? { provider: null, passwords: false }
  const problem = signInProblem(parseSearch(location.search)['problem'])
  const byLinkOnly = !provider && !passwords
  if (methods.isPending) return <h1>Sign in</h1>
  if (failure !== undefined)
    return (
      <>
        <h1>This link does not work any more</h1>
        <p role="alert">{failure} A link is good for five minutes and for one use. Make a new one:</p>
        <LinkForm primary onToken={onToken} />
      </>
    )
  return (
    <>
      <h1>{byLinkOnly ? 'Sign in with a link' : 'Sign in'}</h1>
      {problem && (
        <p role="alert" className="st st-bad">
          <StateGlyph kind="bad" label={false} /> <span>{problem}</span>
        </p>
      )}
      {provider && (
        <div className="alone-part">
          <ProviderButton name={provider.name} next={safeNext(location.search)} />
        </div>
      )}
      {passwords && <PasswordForm primary={!provider} onDone={onDone} />}
      {byLinkOnly ? (
        <>
          <p>The server prints a login link when it starts. On its machine, this opens a new one in the browser:</p>
          <LinkForm primary onToken={onToken} />
          <p className="sm mt-24">
            Somebody else runs the server? An administrator makes links for others under Settings.
          </p>
        </>
      ) : (
        <details className="alone-more">
          <summary>Sign in with a link</summary>
          <p>On the server's machine this makes one; an administrator makes one for others under Settings.</p>
          <LinkForm primary={false} onToken={onToken} />
        </details>
      )}
    </>
  )
}
