import { useEffect } from 'react';
import { AdoptScreen } from './screens/adopt/adopt.tsx';
import { MoveScreen } from './screens/adopt/move.tsx';
import { BackupsScreen } from './screens/backups/backups.tsx';
import { BundleScreen } from './screens/backups/bundle.tsx';
import { DrillScreen } from './screens/backups/drill.tsx';
import { RecoverScreen } from './screens/backups/recover.tsx';
import { SplitScreen } from './screens/backups/split.tsx';
import { CeremonyScreen } from './screens/ceremony.tsx';
import { ChangeScreen } from './screens/change/change.tsx';
import { HomeScreen } from './screens/home.tsx';
import { InspectScreen } from './screens/inspect.tsx';
import { PlannerScreen } from './screens/planner/planner.tsx';
import { SignRequestScreen } from './screens/sign-request.tsx';
import { TokensScreen } from './screens/tokens/tokens.tsx';
import { VerifyScreen } from './screens/verify.tsx';
import { WelcomeScreen } from './screens/welcome.tsx';
import { useApplication } from './stores/application.ts';
import { useBackups } from './stores/backups.ts';
import { useCeremony } from './stores/ceremony.ts';
import { useMachine } from './stores/machine.ts';
import { useNavigation } from './stores/navigation.ts';

/** Reads again what is shown when the journal has moved on by another hand. */
function useFreshness(): void {
  const head = useMachine(state => state.journalHead);
  useEffect(() => {
    if (head === null) return;
    if (useCeremony.getState().view?.journal.head !== head) void useCeremony.getState().refresh();
    if (useNavigation.getState().screen.name === 'backups') void useBackups.getState().load();
    if (useNavigation.getState().screen.name === 'home') void useApplication.getState().loadHome();
  }, [head]);
}

export function App() {
  useFreshness();
  const screen = useNavigation(state => state.screen);
  const ready = useApplication(state => state.application?.vault.state === 'ready');
  switch (screen.name) {
    case 'verify':
      return <VerifyScreen />;
    case 'inspect':
      return <InspectScreen />;
    case 'planner':
      return <PlannerScreen />;
    case 'change':
      return <ChangeScreen />;
    case 'adopt':
      return <AdoptScreen />;
    case 'move':
      return <MoveScreen />;
    case 'sign-request':
      return <SignRequestScreen />;
    case 'tokens':
      return <TokensScreen back={screen.back} />;
    case 'backups':
      return <BackupsScreen />;
    case 'split':
      return <SplitScreen fingerprint={screen.fingerprint} leaving={screen.leaving} />;
    case 'bundle':
      return <BundleScreen fingerprints={screen.fingerprints} />;
    case 'recover':
      return <RecoverScreen purpose={screen.purpose} backupId={screen.backupId} />;
    case 'drill':
      return <DrillScreen />;
    case 'ceremony':
      return <CeremonyScreen key={screen.ceremonyId} ceremonyId={screen.ceremonyId} />;
    case 'home':
      return ready ? <HomeScreen /> : <WelcomeScreen />;
  }
}
