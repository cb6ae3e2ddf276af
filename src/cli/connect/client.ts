/**
 * A client that can be pointed at a gateway. Its settings are one plain object, whatever form its file has: what is
 * printed, what is written into the file and what the client is started on are all made of that object.
 */

/** The gateway as a client is to see it. */
export interface Gateway {
  /** Without `/v1`, without a slash at the end. */
  readonly url: string
  /** What the client is to ask unless its user chooses. */
  readonly model: OfferedModel
  /** What its user can choose from; `model` first. */
  readonly models: readonly OfferedModel[]
  /** Serves titles and the like, where the client has a setting for that. */
  readonly sideModel?: string
}

export interface OfferedModel {
  readonly id: string
  /** In tokens; undefined where it is not known. */
  readonly contextWindow?: number
}

/** The variable that holds the caller's key: settings name it, none holds the key. */
export const keyVariable = 'MOLLMR_API_KEY'

export type SettingsFormat = 'toml' | 'json' | 'yaml' | 'env'

export interface Settings {
  readonly [key: string]: Setting
}
export type Setting = string | number | boolean | Settings | readonly Setting[]

export interface Client {
  readonly title: string
  /** The program, as it is called in a shell. */
  readonly command: string
  /** A line that installs it. */
  readonly install: string
  readonly file: SettingsFile
  readonly settings: (gateway: Gateway) => Settings
  /** What its file has to say besides; what is written there already stays. */
  readonly frame?: Settings
  /** A shell line that comes before, where it does not find its file by itself. */
  readonly load?: string
  /** How it is started once the file has the settings. Default: by its command alone. */
  readonly start?: (gateway: Gateway) => Launch
  /** How it is started on the same settings without touching its file; undefined where it reads nothing else. */
  readonly run?: (settings: Settings, path: string) => Launch
  /** What else its user has to know. */
  readonly note?: string
}

export interface SettingsFile {
  /** Where the folder is if no variable moves it; `~` is the home, `.` where the user is. */
  readonly folder: string
  /** The client's variable that moves the folder. */
  readonly variable?: string
  readonly name: string
  readonly format: SettingsFormat
}

/** What is said behind the command, and in its environment; `${MOLLMR_API_KEY}` in a value stands for the key. */
export interface Launch {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export const keyReference = `\${${keyVariable}}`
