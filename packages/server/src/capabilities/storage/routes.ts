import {
  clearContentPlace,
  collectStorage,
  explainContent,
  getContentPlaces,
  getStorage,
  getStorageCollection,
  linkDownload,
  linkUpload,
  scrubStorage,
  setContentPlace,
  testContentPlace,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { ContentPlaceChoices } from './content-places.ts'
import type { StorageView } from './storage.ts'

export function storageRoutes(app: Http, storage: StorageView): void {
  mount(app, getStorage, 200, () => storage.overview())
  mount(app, collectStorage, 202, ({ principal, body }) => storage.collect(principal, body))
  mount(app, scrubStorage, 202, ({ principal }) => storage.scrub(principal))
  mount(app, getStorageCollection, 200, ({ params }) => storage.collection(params.collection))
  mount(app, explainContent, 200, ({ scope, params }) => storage.owners(scope, params.digest))
  mount(app, linkDownload, 200, ({ scope, params }) => storage.link(scope, params.digest))
  mount(app, linkUpload, 200, ({ scope, params, body }) => storage.link(scope, params.digest, body))
}

export function contentPlaceRoutes(app: Http, places: ContentPlaceChoices): void {
  mount(app, getContentPlaces, 200, ({ scope }) => places.list(scope))
  mount(app, setContentPlace, 200, ({ scope, body }) => places.set(scope, body))
  mount(app, testContentPlace, 200, ({ scope }) => places.test(scope))
  mount(app, clearContentPlace, 200, ({ scope }) => places.clear(scope))
}
