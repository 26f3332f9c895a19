"""Pages of the workers app."""

from django.urls import path

from workers.views import checking, day, dispatching, dropping, live, mapping, papers, people, replacing

app_name = "workers"
urlpatterns = [
    path("affectations/", dispatching.board, name="board"),
    path("affectations/travaux/<uuid:work_order>/donner/", dispatching.assign, name="assign"),
    path("affectations/deposer/<uuid:trainee>/", dispatching.drop, name="drop"),
    path("affectations/essai/<uuid:item>/", dropping.check_drops, name="check_drops"),
    path("affectations/nouvelles/", live.news, name="news"),
    path("affectations/annuler/", dispatching.undo_last, name="undo"),
    path("affectations/remplacer/<uuid:trainee>/", replacing.replace_trainee, name="replace"),
    path("affectations/carte/", mapping.day_map, name="map"),
    path("affectations/feuilles/", papers.papers, name="papers"),
    path("affectations/papier/<uuid:assignment>/", papers.paper, name="paper"),
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
    path("ma-journee/", day.day, name="day"),
    path("ma-journee/aide/", day.ask_help, name="help"),
    path("ma-journee/<uuid:assignment>/vu/", day.seen, name="acknowledge"),
    path("ma-journee/<uuid:assignment>/commencer/", day.start, name="start"),
    path("ma-journee/<uuid:assignment>/terminer/", day.finish, name="finish"),
    path("ma-journee/<uuid:assignment>/refuser/", day.refuse, name="decline"),
]
