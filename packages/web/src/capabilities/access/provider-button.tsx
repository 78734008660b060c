import { beginProviderSignIn } from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { State } from '../../ui/state.tsx'

interface ProviderButtonProps {
  /** Host of the identity provider. */
  readonly name: string
  readonly next?: string | undefined
  readonly invitation?: string | undefined
  /** Adds this way to sign in to the account that is signed in. */
  readonly connect?: boolean
  readonly look?: 'primary' | 'outline'
}

/** Goes to the identity provider. */
export function ProviderButton({ name, next, invitation, connect = false, look = 'primary' }: ProviderButtonProps) {
  const begin = useContractMutation(beginProviderSignIn, { onDone: ({ location }) => window.location.assign(location) })
  return (
    <>
      <div className="row">
        <Button
          look={look}
          pending={begin.isPending || begin.isSuccess}
          onClick={() =>
            begin.mutate({
              body: {
                ...(next === undefined ? {} : { next }),
                ...(invitation === undefined ? {} : { invitation }),
                ...(connect ? { connect } : {}),
              },
            })
          }
        >
          {connect ? `Connect ${name}` : `Continue with ${name}`}
        </Button>
      </div>
      {begin.error && <State kind="bad">{begin.error.detail}</State>}
    </>
  )
}
