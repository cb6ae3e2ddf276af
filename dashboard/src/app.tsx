import { useEffect, useState } from 'react'
import { failureOf, GatewayClient, type ListedModel } from './gateway-client.ts'
import { KeyForm } from './key-form.tsx'
import { Lab } from './lab.tsx'
import type { Failure } from './run.ts'

/** Until the tab is closed; never in the address, never on the disk. */
const keyPlace = 'mollmr-key'

type Listing =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly models: readonly ListedModel[] }
  | { readonly state: 'refused'; readonly failure: Failure }

export function App() {
  const [key, setKey] = useState(() => sessionStorage.getItem(keyPlace) ?? '')
  const [client, setClient] = useState(() => new GatewayClient(key))
  const listing = useListing(client)
  const takeKey = (taken: string): void => {
    sessionStorage.setItem(keyPlace, taken)
    setKey(taken)
    setClient(new GatewayClient(taken))
  }
  return (
    <>
      <header className="top">
        <h1>MoLLMR</h1>
        <p>Ask one model, get the best of several.</p>
        <nav>
          <a href="openapi.json">API</a>
          <a href="health/ready">Health</a>
        </nav>
      </header>
      {listing.state === 'ready' && <Lab client={client} models={listing.models} />}
      {listing.state === 'refused' && <KeyForm failure={listing.failure} hadKey={key !== ''} onKey={takeKey} />}
    </>
  )
}

function useListing(client: GatewayClient): Listing {
  const [listing, setListing] = useState<Listing>({ state: 'loading' })
  useEffect(() => {
    let isWanted = true
    client.models().then(
      (models) => {
        if (isWanted) setListing({ state: 'ready', models })
      },
      (error: unknown) => {
        if (isWanted) setListing({ state: 'refused', failure: failureOf(error) })
      },
    )
    return () => {
      isWanted = false
    }
  }, [client])
  return listing
}
