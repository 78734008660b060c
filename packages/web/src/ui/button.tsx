import { Tooltip } from '@mantine/core'
import { type ButtonHTMLAttributes, type ReactNode, type Ref, useEffect, useState } from 'react'
import { AppLink } from './app-link.tsx'

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  readonly children: ReactNode
  /** One `primary` a page; `danger` touches live traffic; `destroy` deletes for ever; `quiet` has no border. */
  readonly look?: 'primary' | 'outline' | 'quiet' | 'link' | 'danger' | 'destroy'
  readonly size?: 'normal' | 'small'
  readonly icon?: ReactNode
  /** It works: keeps label and width, shows a spinner after 300 ms, takes no second click. */
  readonly pending?: boolean
  /** Why it cannot be used now; the button stays visible and says so on focus and hover. */
  readonly denied?: string | undefined
  readonly href?: string
  readonly ref?: Ref<HTMLButtonElement>
}

/** A button; its label is verb and object: `Roll back to v3`. */
export function Button({
  children,
  look = 'outline',
  size = 'normal',
  icon,
  pending = false,
  denied,
  href,
  className,
  onClick,
  ...rest
}: ButtonProps) {
  const slow = useSlow(pending)
  const classes = ['btn', `btn-${look}`, size === 'small' ? 'btn-small' : '', className ?? ''].filter(Boolean).join(' ')
  if (href !== undefined && !denied) {
    return (
      <AppLink href={href} className={classes}>
        {icon}
        {children}
      </AppLink>
    )
  }
  const button = (
    <button
      type="button"
      className={classes}
      aria-disabled={denied || pending ? true : undefined}
      data-denied={denied ? true : undefined}
      aria-busy={pending || undefined}
      {...rest}
      onClick={(event) => {
        if (denied || pending) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {icon}
      <span className={slow ? 'btn-label btn-waiting' : 'btn-label'}>{children}</span>
      {slow && <span className="spinner" aria-hidden />}
      {denied && <span className="sr-only">, {denied}</span>}
    </button>
  )
  if (!denied) return button
  return (
    <Tooltip label={denied} multiline maw={280} withinPortal events={{ hover: true, focus: true, touch: true }}>
      {button}
    </Tooltip>
  )
}

function useSlow(pending: boolean): boolean {
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    if (!pending) return
    const timer = setTimeout(() => setSlow(true), 300)
    return () => {
      clearTimeout(timer)
      setSlow(false)
    }
  }, [pending])
  return slow && pending
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  /** The accessible name, shown on hover. */
  readonly label: string
  readonly children: ReactNode
}

/** A button that is only an icon, with its name. */
export function IconButton({ label, children, className, ...rest }: IconButtonProps) {
  return (
    <button type="button" aria-label={label} title={label} className={`icon-btn ${className ?? ''}`} {...rest}>
      {children}
    </button>
  )
}

interface SegmentedProps<T extends string> {
  readonly label: string
  readonly options: readonly { readonly value: T; readonly label: ReactNode }[]
  readonly value: T
  readonly onChange: (value: T) => void
}

/** Two to four exclusive views of the same thing: Graph or Table. */
export function Segmented<T extends string>({ label, options, value, onChange }: SegmentedProps<T>) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}
