"""Pages of the workers app."""

from django.urls import path

from workers.views import checking, day, deadlines, dispatching, pass_entries, pathway, people, vault

app_name = "workers"
urlpatterns = [
    path("affectations/", dispatching.board, name="board"),
    path("affectations/travaux/<uuid:work_order>/donner/", dispatching.assign, name="assign"),
    path("affectations/deposer/<uuid:trainee>/", dispatching.drop, name="drop"),
    path("affectations/aide/<uuid:call>/", dispatching.answer, name="answer"),
    path("affectations/<uuid:assignment>/deplacer/", dispatching.move, name="move"),
    path("affectations/<uuid:assignment>/retirer/", dispatching.take_back, name="unassign"),
    path("affectations/a-valider/", checking.to_validate, name="to_validate"),
    path("affectations/<uuid:assignment>/valider/", checking.validate, name="validate"),
    path("affectations/<uuid:assignment>/a-refaire/", checking.return_work, name="send_back"),
    path("equipe/", people.trainees, name="trainees"),
    path("equipe/<uuid:trainee>/", people.trainee_page, name="trainee"),
    path("equipe/<uuid:trainee>/competence/", people.save_skill, name="skill"),
    path("equipe/<uuid:trainee>/absence/", people.save_absence, name="absence"),
    path("parcours/echeances/", deadlines.deadlines, name="deadlines"),
    path("equipe/<uuid:trainee>/pass/", pathway.pathway, name="pass"),
    path("equipe/<uuid:trainee>/diagnostic/", pathway.diagnose, name="diagnosis"),
    path("equipe/<uuid:trainee>/rendez-vous/", pathway.plan, name="appointments"),
    path("equipe/<uuid:trainee>/rendez-vous/<uuid:appointment>/", pathway.outcome, name="appointment"),
    path("equipe/<uuid:trainee>/pass/<uuid:pass_id>/suspendre/", pass_entries.suspend, name="suspend"),
    path("equipe/<uuid:trainee>/pass/<uuid:pass_id>/prolonger/", pass_entries.prolong, name="prolong"),
    path("equipe/<uuid:trainee>/pass/<uuid:pass_id>/annuler/", pass_entries.void, name="pass-cancel"),
    path("equipe/<uuid:trainee>/suspensions/<uuid:entry>/corriger/", pass_entries.correct, name="suspension"),
    path("equipe/<uuid:trainee>/suspensions/<uuid:entry>/annuler/", pass_entries.cancel, name="suspension-cancel"),
    path("equipe/<uuid:trainee>/prolongations/<uuid:entry>/bilan/", pass_entries.report, name="report"),
    path("equipe/<uuid:trainee>/prolongations/<uuid:entry>/<slug:verb>/", pass_entries.decide, name="prolongation"),
    path("equipe/<uuid:trainee>/coffre/", vault.vault, name="vault"),
    path("equipe/<uuid:trainee>/coffre/noter/", vault.note, name="vault-note"),
    path("equipe/<uuid:trainee>/coffre/<uuid:fact>/terminer/", vault.end, name="vault-end"),
    path("ma-journee/", day.day, name="day"),
    path("ma-journee/aide/", day.ask_help, name="help"),
    path("ma-journee/<uuid:assignment>/vu/", day.seen, name="acknowledge"),
    path("ma-journee/<uuid:assignment>/commencer/", day.start, name="start"),
    path("ma-journee/<uuid:assignment>/terminer/", day.finish, name="finish"),
    path("ma-journee/<uuid:assignment>/refuser/", day.refuse, name="decline"),
]
